"""E-mail by SMTP: notices to customers leave as messages with their attachments. Nothing comes in."""

from adapters.mail.outbound import MailOutbound
from adapters.mail.wire import MailWire
from hub.canon.ports import Adapter

ADAPTER = Adapter(name="mail", outbound=MailOutbound(), wire=MailWire())

__all__ = ["ADAPTER"]
