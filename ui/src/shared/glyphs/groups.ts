/** The families in which the drawing picker shows the drawings of `sets/`. */
export const GLYPH_GROUPS = {
  sweets: ['katli', 'laddu', 'coconutball', 'gulab', 'jalebi', 'rasgulla', 'rasmalai', 'barfi', 'soan', 'peda', 'halwa', 'sweetroll', 'ghevar', 'modak', 'matka', 'bowl'],
  snacks: ['samosa', 'kachori', 'vadapav', 'dhokla', 'roll', 'chole', 'pakora', 'tikki', 'chilli', 'sandwich', 'puff', 'momo', 'noodles', 'paratha', 'puri', 'pizza', 'fries'],
  chaat: ['panipuri', 'bhel', 'pavbhaji', 'fruit', 'corn', 'leaf'],
  south: ['dosa', 'idli', 'vada', 'uttapam', 'rice', 'thali'],
  drinks: ['chai', 'coffee', 'mug', 'lassi', 'limesoda', 'glass', 'juice', 'shake', 'badam', 'bottle', 'coconut', 'carton'],
  namkeen: ['pouch', 'jar', 'khakhra', 'chips', 'stick', 'chakli', 'cubes', 'papad', 'peanut', 'cashew', 'almond', 'makhana'],
  ices: ['kulfi', 'falooda', 'cone', 'scoop', 'tub'],
  bakery: ['bread', 'bun', 'cake', 'bigcake', 'croissant', 'cookie', 'muffin', 'chocolate'],
  gifts: ['box', 'tray', 'hamper', 'tin', 'bag', 'diya', 'candle', 'parcel'],
  grocery: ['sack', 'salt', 'oil', 'potato', 'onion', 'tomato', 'banana', 'egg', 'soap', 'tube'],
  garments: ['shirt', 'formal', 'trousers', 'shorts', 'kurta', 'saree', 'dress', 'jacket', 'scarf', 'socks', 'belt', 'cap', 'shoe', 'fabric'],
  services: ['hours', 'scissors', 'comb', 'laundry', 'iron', 'wrench', 'wheel', 'key', 'phone', 'battery', 'bulb', 'broom', 'camera', 'paper', 'notebook', 'pen', 'tagged', 'blank'],
} as const satisfies Record<string, readonly string[]>;

export type GlyphGroup = keyof typeof GLYPH_GROUPS;
