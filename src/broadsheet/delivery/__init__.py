"""Delivery: subscriptions, the outbox of due mails, and the worker that sends them."""
