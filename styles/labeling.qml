<labeling type="simple"><settings calloutType="simple">
<text-style fieldName="label" isExpression="0" fontFamily="Open Sans" fontSize="9" fontSizeUnit="Point" textColor="{{text}},255" textOpacity="1" multilineHeight="1">
<text-buffer bufferDraw="1" bufferSize="0.8" bufferSizeUnits="MM" bufferColor="{{halo}},255" bufferOpacity="0.85" bufferJoinStyle="128" bufferNoFill="1"/>
</text-style>
<text-format wrapChar="" autoWrapLength="0" multilineAlign="1"/>
<placement placement="1" polygonPlacementFlags="2" centroidWhole="1" centroidInside="1" priority="5"/>
<rendering obstacle="0" drawLabels="1" labelPerPart="0" displayAll="0" upsidedownLabels="0" limitNumLabels="0" scaleVisibility="0" fontMinPixelSize="3" fontMaxPixelSize="10000" fontLimitPixelSize="0" minFeatureSize="0"/>
</settings></labeling>
