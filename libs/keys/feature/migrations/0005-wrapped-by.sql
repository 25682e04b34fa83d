-- What a version that was imported wrapped was wrapped to: {name, version}.
ALTER TABLE key_versions ADD COLUMN wrapped_by jsonb;

UPDATE key_versions v
   SET wrapped_by = (e.data -> 'wrappedBy')::jsonb
  FROM events e
 WHERE e.stream_id = 'key-' || v.object_id AND e.type = 'KeyVersionCreated'
   AND e.data ->> 'version' = v.version AND e.data -> 'wrappedBy' IS NOT NULL;
