"""What all conversations with mail servers share: TLS and logins."""
