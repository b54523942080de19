"""Pages of HTML that need nothing beside them: one frame and one look for all reports."""
