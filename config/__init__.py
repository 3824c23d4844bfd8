"""Configuration: which desk, its settings, files, secrets and clock. Imports nothing of ours above it."""
