"""What if: the stored mail is asked before rules, settings or the reader change what is done."""
