CREATE TABLE person(id INTEGER PRIMARY KEY, name TEXT, born INTEGER, city INTEGER);
CREATE TABLE city(id INTEGER PRIMARY KEY, name TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)
	INSERT INTO city SELECT i, 'city ' || i FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
	INSERT INTO person SELECT i, 'name ' || (i * 7919 % 10007), 1900 + i % 120, i % 50 + 1 FROM n;
CREATE INDEX person_name ON person(name);
SELECT c.name, count(*), group_concat(p.name) FROM person p JOIN city c ON c.id = p.city
	WHERE p.born > 1980 GROUP BY c.id ORDER BY 2 DESC, 1 LIMIT 20;
SELECT name, length(printf('%300s', name)) FROM person WHERE name LIKE 'name 1%' ORDER BY born, name;
UPDATE person SET name = upper(name) || replace(name, ' ', '_') WHERE id % 3 = 0;
DELETE FROM person WHERE born < 1950;
SELECT json_group_array(json_object('id', id, 'name', name)) FROM person WHERE id % 10 = 0;
VACUUM;
