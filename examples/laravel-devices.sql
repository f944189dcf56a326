CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(254));
INSERT INTO users VALUES (1001, 'ann@example.com'), (1002, 'bob@example.com');
CREATE TABLE device_tokens (id INTEGER PRIMARY KEY, user_id INTEGER, token TEXT, device_type VARCHAR(20), created_at TIMESTAMP, updated_at TIMESTAMP);
INSERT INTO device_tokens VALUES
  (1, 1001, '000000b59f3c1d2e4b5a69789f3c1d2e4b5a69789f3c1d2e4b5a69789f3c1d2e', 'ios', '2026-03-01 10:00:00', '2026-09-30 10:00:00'),
  (2, 1002, 'cQ1rT00000000000000182:APA91bExAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0Token00182', 'android', '2026-03-01 10:00:00', '2026-09-30 10:00:00');
