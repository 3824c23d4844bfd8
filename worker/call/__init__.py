"""Calls to listeners: webhooks, push addresses, hooks."""
