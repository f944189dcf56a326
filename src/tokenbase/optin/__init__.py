"""Double opt-in: who subscribes is asked by mail, and confirms on a page (contract 5)."""
