"""Who works at the desk and by which rules: agents, departments, roles, SLAs, topics, API keys."""
