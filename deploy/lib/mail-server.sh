# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with up, down and the other files here
# An SMTP server on loopback that keeps what it gets, a file for each mail.

start_mail_server() {
  choose_ports mail-server mail
  mails=$state/mail
  detail="127.0.0.1:${ports[mail]}, mails in $mails/new/"
  log=$state/log/mail-server.log
  running mail-server && return

  start mail-server /usr/bin/python3 -m aiosmtpd --nosetuid --listen "127.0.0.1:${ports[mail]}" \
    --class aiosmtpd.handlers.Mailbox "$mails"
  await "an answer" 20 mail-server listened "${ports[mail]}"
}
