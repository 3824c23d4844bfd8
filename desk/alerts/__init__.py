"""What somebody must hear of without looking: mailboxes that fail, and their recovery."""
