"""Delivery: subscriptions, and the outbox that mails digests to them."""
