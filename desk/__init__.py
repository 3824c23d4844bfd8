"""The rules of a helpdesk: what a mail becomes, who may do what, what is answered."""
