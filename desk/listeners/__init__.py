"""Who outside the desk hears of what happens: webhooks, push addresses, and the programs in `hooks/`."""
