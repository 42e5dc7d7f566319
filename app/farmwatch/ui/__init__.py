"""What a person sees. Knows what is watched and the values of the cloud; never boto3."""
