"""THE FILES: campaign, lifecycle and offers files read, checked and turned into what runs."""
