"""What every program needs and no customer sees: settings, logs, the secret."""
