CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(255), email VARCHAR(255), fcm_token TEXT, created_at TIMESTAMP, updated_at TIMESTAMP);
INSERT INTO users VALUES
  (1001, 'Ann Smith', 'ann@example.com', 'cQ1rT00000000000000171:APA91bExAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0Token00171', '2026-03-01 10:00:00', '2026-09-30 10:00:00'),
  (1002, 'Bob', 'bob@example.com', NULL, '2026-03-01 10:00:00', '2026-09-30 10:00:00');
