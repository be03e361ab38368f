"""What documents that settle one another letter by themselves: noted by triggers, followed by their links, swept."""
