"""What if: stored mail is tried against new rules, settings or mail parsing before these take effect."""
