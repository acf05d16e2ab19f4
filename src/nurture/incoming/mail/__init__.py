"""Mail that comes in: bounces, complaints, automatic answers, unsubscribing by mail, and what people write."""
