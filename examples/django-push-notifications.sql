CREATE TABLE auth_user (id INTEGER PRIMARY KEY, email VARCHAR(254), first_name VARCHAR(150), last_name VARCHAR(150));
INSERT INTO auth_user VALUES (1001, 'ann@example.com', 'Ann', 'Smith'), (1002, 'bob@example.com', 'Bob', '');
CREATE TABLE push_notifications_gcmdevice (id INTEGER PRIMARY KEY, name VARCHAR(255), active BOOLEAN, user_id INTEGER, date_created TIMESTAMP,
  application_id VARCHAR(64), device_id BIGINT, registration_id TEXT, cloud_message_type VARCHAR(3));
CREATE TABLE push_notifications_apnsdevice (id INTEGER PRIMARY KEY, name VARCHAR(255), active BOOLEAN, user_id INTEGER, date_created TIMESTAMP,
  application_id VARCHAR(64), device_id CHAR(32), registration_id VARCHAR(200));
INSERT INTO push_notifications_gcmdevice VALUES
  (17, 'Ann''s phone', TRUE, 1001, '2026-03-01 10:00:00', 'shop', NULL, 'cQ1rT00000000000000131:APA91bExAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0Token00131', 'FCM'),
  (18, 'old', TRUE, 1002, '2015-03-01 10:00:00', 'shop', NULL, 'APA91bOldToken', 'GCM');
INSERT INTO push_notifications_apnsdevice VALUES
  (3, 'Bob''s phone', FALSE, 1002, '2026-04-01 10:00:00', 'shop', '6f1d', '000000849f3c1d2e4b5a69789f3c1d2e4b5a69789f3c1d2e4b5a69789f3c1d2e');
