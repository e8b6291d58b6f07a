"""What joins a hub and its edges: publications, questions with a deadline, nothing kept."""
