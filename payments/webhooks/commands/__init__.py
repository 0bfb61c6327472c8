"""What may be done about webhooks: endpoints by people and systems, deliveries by the worker."""
