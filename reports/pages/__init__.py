"""Pages made of findings and figures: a study's report, the claims, what is published."""
