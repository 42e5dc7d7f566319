"""Following things over time: pure Python, the clock handed in, neither Textual nor boto3 known."""
