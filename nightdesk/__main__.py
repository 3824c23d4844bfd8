"""`python -m nightdesk` is `nightdesk`."""

from nightdesk.entry import main

if __name__ == "__main__":
    main()
