"""The async worker: schedules, leases, fetching, sending, sweeping."""
