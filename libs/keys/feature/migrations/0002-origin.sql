-- How a version came here when it was not made here: 'imported'. Versions of before were all made here.
ALTER TABLE key_versions ADD COLUMN origin text;
