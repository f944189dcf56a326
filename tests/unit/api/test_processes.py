"""What a process that imports sends back."""

from __future__ import annotations

import pickle
import threading
import weakref

from tokenbase.api import operations, processes


class Made:
    """Something that nobody could send: a lock cannot be pickled."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


def test_an_answer_arrives_as_itself_and_what_was_made_for_it_is_freed_once_it_is_sent() -> None:
    made = Made()
    there = weakref.ref(made)
    done = processes._Done(operations.Answer(body=b"{}", status=201), [made])
    del made

    sent = pickle.dumps(done)

    assert there() is not None
    assert pickle.loads(sent) == operations.Answer(body=b"{}", status=201)
    del done
    assert there() is None
