from django.apps import AppConfig


class GiftCardsConfig(AppConfig):
    name = "payments.giftcards"
    label = "giftcards"
