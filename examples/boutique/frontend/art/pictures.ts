import {
  bambooGlassJar,
  candleHolder,
  deskLamp,
  hairdryer,
  mug,
  pottedPlant,
  saltAndPepperShakers,
} from './household.js';
import { draw } from './scene.js';
import { canvasTote, loafers, sunglasses, tankTop, watch } from './wearables.js';

/** The product pictures as SVG documents, by name. */
export const pictures: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'bamboo-glass-jar': bambooGlassJar,
    'candle-holder': candleHolder,
    'canvas-tote': canvasTote,
    'desk-lamp': deskLamp,
    hairdryer,
    loafers,
    mug,
    'potted-plant': pottedPlant,
    'salt-and-pepper-shakers': saltAndPepperShakers,
    sunglasses,
    'tank-top': tankTop,
    watch,
  }).map(([name, scene]) => [name, draw(scene)]),
);
