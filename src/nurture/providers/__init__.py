"""How mail leaves. A provider is one file: smtp, inbox."""
