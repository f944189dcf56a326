CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(254));
INSERT INTO users VALUES (1001, 'ann@example.com'), (1002, 'bob@example.com');
CREATE TABLE devices (id INTEGER PRIMARY KEY, user_id INTEGER, token TEXT, platform VARCHAR(20), created_at TIMESTAMP, updated_at TIMESTAMP);
INSERT INTO devices VALUES
  (9, 1001, '000000979f3c1d2e4b5a69789f3c1d2e4b5a69789f3c1d2e4b5a69789f3c1d2e', 'apple', '2026-03-01 10:00:00', '2026-09-30 10:00:00'),
  (10, 1001, 'cQ1rT00000000000000152:APA91bExAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0Token00152', 'android', '2026-03-01 10:00:00', '2026-09-30 10:00:00');
