"""The worker's life: what is due when, the loop, one run, connections that idle, the app's child."""
