"""What is known of the mail at the servers, and of the fetches that bring it."""
