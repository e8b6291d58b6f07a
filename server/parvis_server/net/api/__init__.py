"""The HTTP API ``/api/v1``: rooms, queue and floor for an organiser's own site, and for pages."""
