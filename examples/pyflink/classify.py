"""Classify texts in PyFlink: the model runs in Flink's JVM, without a Python operator."""

import sys

from pyflink.table import EnvironmentSettings, TableEnvironment

if len(sys.argv) != 3:
    sys.exit("usage: python classify.py /path/of/flink-sql-model-hatflow-VERSION.jar /path/of/a/bundle")
jar, bundle = sys.argv[1:]
tables = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
# Enough for one query. Where there are several, the jar belongs into the lib folder of the Flink that runs them.
tables.get_config().set("pipeline.jars", f"file://{jar}")
tables.execute_sql(
    f"""
    CREATE MODEL contract_clauses INPUT (body STRING) OUTPUT (label STRING, score DOUBLE, error STRING)
    WITH ('provider' = 'hatflow', 'bundle' = '{bundle}')
    """
)
contracts = tables.from_elements(
    [
        (1, "This Agreement is governed by the laws of the State of New York."),
        (2, "Neither party may assign this Agreement without the prior written consent of the other."),
        (3, ""),
    ],
    ["id", "body"],
)
tables.create_temporary_view("contracts", contracts)
tables.sql_query(
    "SELECT id, label, score, error FROM ML_PREDICT(TABLE contracts, MODEL contract_clauses, DESCRIPTOR(body))"
).execute().print()
