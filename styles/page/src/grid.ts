// Cells of the European grid from their codes: EPSG:3035 (ETRS89-LAEA) to degrees. EPSG guidance note 7-2, method 9820, on GRS 80.

const a = 6378137, f = 1 / 298.257222101;
const e2 = 2 * f - f * f, e = Math.sqrt(e2);
const phi0 = (52 * Math.PI) / 180, lambda0 = (10 * Math.PI) / 180;

const q = (phi: number) => {
  const s = Math.sin(phi);
  return (1 - e2) * (s / (1 - e2 * s * s) - (1 / (2 * e)) * Math.log((1 - e * s) / (1 + e * s)));
};
const qp = q(Math.PI / 2), beta0 = Math.asin(q(phi0) / qp), rq = a * Math.sqrt(qp / 2);
const d = (a * Math.cos(phi0)) / Math.sqrt(1 - e2 * Math.sin(phi0) ** 2) / (rq * Math.cos(beta0));

export function toDegrees(easting: number, northing: number): [number, number] {
  const x = easting - 4321000, y = northing - 3210000;
  const rho = Math.hypot(x / d, d * y);
  if (rho === 0) return [10, 52];
  const c = 2 * Math.asin(rho / (2 * rq));
  const beta = Math.asin(Math.cos(c) * Math.sin(beta0) + (d * y * Math.sin(c) * Math.cos(beta0)) / rho);
  const lambda = lambda0 + Math.atan2(x * Math.sin(c), d * rho * Math.cos(beta0) * Math.cos(c) - d * d * y * Math.sin(beta0) * Math.sin(c));
  const phi = beta + (e2 / 3 + (31 * e2 ** 2) / 180 + (517 * e2 ** 3) / 5040) * Math.sin(2 * beta)
    + ((23 * e2 ** 2) / 360 + (251 * e2 ** 3) / 3780) * Math.sin(4 * beta) + ((761 * e2 ** 3) / 45360) * Math.sin(6 * beta);
  return [(lambda * 180) / Math.PI, (phi * 180) / Math.PI];
}

/** Side, easting and northing of `CRS3035RES100mN2690300E4341100`. */
export function cell(code: string): { side: number; easting: number; northing: number } | null {
  const parts = /^CRS3035RES(\d+)mN(-?\d+)E(-?\d+)$/.exec(code);
  return parts ? { side: Number(parts[1]), northing: Number(parts[2]), easting: Number(parts[3]) } : null;
}

export function centre(code: string): [number, number] | null {
  const of = cell(code);
  return of && toDegrees(of.easting + of.side / 2, of.northing + of.side / 2);
}

export function ring(code: string): [number, number][] {
  const of = cell(code);
  if (!of) return [];
  const { easting: x, northing: y, side: s } = of;
  return [[x, y], [x + s, y], [x + s, y + s], [x, y + s], [x, y]].map(([x, y]) => {
    const [lon, lat] = toDegrees(x, y);
    return [Number(lon.toFixed(7)), Number(lat.toFixed(7))];
  });
}
