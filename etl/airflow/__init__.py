"""What the DAGs and a local Airflow need; only what tasks and DAG files import needs Airflow itself."""
