import os

import psycopg2

with psycopg2.connect(os.environ["DATABASE_URL"]) as connection:
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_stat_activity")
        print(cursor.fetchone()[0])
