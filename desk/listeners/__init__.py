"""Who outside the desk hears of what happens: webhooks and push addresses, as they are kept."""
