"""One Airflow for the modules of this folder, which pytest ends with it: it is a package."""
