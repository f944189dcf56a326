CREATE TABLE action_push_native_devices (id INTEGER PRIMARY KEY, name VARCHAR(255), platform VARCHAR(20), token TEXT, owner_type VARCHAR(50),
  owner_id INTEGER, created_at TIMESTAMP, updated_at TIMESTAMP);
INSERT INTO action_push_native_devices VALUES
  (1, 'iPhone 15', 'apple', '000000a19f3c1d2e4b5a69789f3c1d2e4b5a69789f3c1d2e4b5a69789f3c1d2e', 'User', 1001, '2026-03-01 10:00:00', '2026-09-30 10:00:00'),
  (2, 'Pixel 8', 'google', 'cQ1rT00000000000000162:APA91bExAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0Token00162', 'User', 1002, '2026-03-01 10:00:00', '2026-09-30 10:00:00');
