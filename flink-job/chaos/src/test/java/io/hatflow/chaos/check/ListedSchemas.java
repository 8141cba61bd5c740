package io.hatflow.chaos.check;

import java.util.ArrayList;
import java.util.List;
import org.apache.avro.Schema;

/** The schemas of a registry that counts from 0, whatever the subject. */
final class ListedSchemas implements SchemaRegistry {

    private final List<Schema> schemas = new ArrayList<>();

    @Override
    public int register(String subject, Schema schema) {
        schemas.add(schema);
        return schemas.size() - 1;
    }

    @Override
    public Schema byId(int id) {
        return schemas.get(id);
    }
}
