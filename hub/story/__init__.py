"""The door of story: what happened to an order, in sentences, over all rooms. Looks, changes nothing."""

from hub.story.sentences import SENTENCES

__all__ = ["SENTENCES"]
