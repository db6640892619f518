"""What pages are made of, in layers: charts and components, then the shell and the report, then one folder a page."""
