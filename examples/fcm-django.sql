CREATE TABLE auth_user (id INTEGER PRIMARY KEY, email VARCHAR(254), first_name VARCHAR(150), last_name VARCHAR(150));
INSERT INTO auth_user VALUES (1001, 'ann@example.com', 'Ann', 'Smith'), (1002, 'bob@example.com', 'Bob', '');
CREATE TABLE fcm_django_fcmdevice (id INTEGER PRIMARY KEY, name VARCHAR(255), active BOOLEAN, user_id INTEGER, date_created TIMESTAMP,
  device_id VARCHAR(255), registration_id VARCHAR(600), type VARCHAR(10));
INSERT INTO fcm_django_fcmdevice VALUES
  (5, '', TRUE, 1001, '2026-03-01 10:00:00', 'D1', 'cQ1rT00000000000000141:APA91bExAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0Token00141', 'ios'),
  (6, '', FALSE, 1002, '2026-03-02 10:00:00', 'D2', 'cQ1rT00000000000000142:APA91bExAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0Token00142', 'android'),
  (7, '', TRUE, 1002, '2026-03-02 10:00:00', 'D3', 'cQ1rT00000000000000143:APA91bExAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0TokenxAmPle0Token00143', 'web');
