"""Where moto finds the backend. Routing itself comes from the service model."""

from moto_deadline.responses import DeadlineResponse

url_bases = [r"https?://(?:(?:management|scheduling)\.)?deadline\.(.+)\.amazonaws\.com"]

url_paths = {"{0}/.*$": DeadlineResponse.dispatch}
