/** Rights whose events name people: an address hears them only when the owner says so. */
export const PERSONAL = ['customer.read', 'refund.make', 'card.read', 'quotation.make'];
