"""What is kept and cannot be rebuilt: papers, votes, editions, subscriptions, deliveries."""
