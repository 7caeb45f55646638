"""The report: it measures what a plan needs, holds the plan against workers, and writes docs/planning.md."""
