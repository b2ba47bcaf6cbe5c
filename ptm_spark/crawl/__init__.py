"""What lands data: crawlers of the Hub and the forum, and importers of dumps. Knows HTTP and files, not Spark."""
